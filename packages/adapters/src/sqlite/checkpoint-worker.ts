// A thread that brings what is in the write-ahead log of a database into its file (https://sqlite.org/wal.html#ckpt).
import { DatabaseSync } from "node:sqlite";
import { parentPort, workerData } from "node:worker_threads";

const EVERY_MS = 250;

const database = new DatabaseSync(String(workerData), { timeout: 0 });
const timer = setInterval(() => {
  // Passive: it takes what can be had without making anybody wait. Another process that does the same is not waited for.
  database.exec("PRAGMA wal_checkpoint(PASSIVE)");
}, EVERY_MS);
parentPort?.once("message", () => {
  clearInterval(timer);
  database.close();
  parentPort?.close();
});
