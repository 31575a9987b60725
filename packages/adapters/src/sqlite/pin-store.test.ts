import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { digestOf, parseGatewayId } from "@perch/domain";
import {
  aPin,
  aTurnRecord,
  describeExactPinStore,
  describePinStore,
  describeSharedPinStore,
  describeTurnOutbox,
} from "@perch/testkit";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { openDatabase } from "./open-database.ts";
import { openGatewayDatabase } from "./open-gateway-database.ts";
import { createSqlitePinStore } from "./pin-store.ts";
import { SqliteError } from "./sqlite-error.ts";
import { createSqliteTurnOutbox } from "./turn-outbox.ts";

const gateway = parseGatewayId("gw-1");

describe("pins in SQLite", () => {
  describePinStore(async (now) => createSqlitePinStore(openGatewayDatabase(":memory:"), now));
  describeExactPinStore(async (now) => createSqlitePinStore(openGatewayDatabase(":memory:"), now));
});
describe("turn outbox in SQLite", () =>
  describeTurnOutbox(() => createSqliteTurnOutbox(openGatewayDatabase(":memory:"), { gateway, now: () => 0 })));

describe("a file shared by two gateway processes", () => {
  let directory = "";
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), "perch-sqlite-"));
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  describeSharedPinStore(async () => {
    const file = join(directory, "pins.sqlite");
    const now = (): number => 0;
    return [createSqlitePinStore(openGatewayDatabase(file), now), createSqlitePinStore(openGatewayDatabase(file), now)];
  });

  test("lets the first of two connections win, and the pin is there when opened again", async () => {
    const file = join(directory, "deep", "pins.sqlite");
    const [one, two] = [openGatewayDatabase(file), openGatewayDatabase(file)].map((database) =>
      createSqlitePinStore(database, () => 0),
    );
    const pin = aPin();
    await one?.claim(pin, 100);
    expect(await two?.claim({ ...pin, release: digestOf("other") }, 100)).toEqual(pin);
    await Promise.all([one?.close(), two?.close()]);
    const again = createSqlitePinStore(openGatewayDatabase(file), () => 50);
    expect(await again.find(pin.agent, pin.session)).toEqual(pin);
    await again.close();
  });

  test("reads the pins that a version without strategies, moves and mirrors wrote", async () => {
    const file = join(directory, "pins.sqlite");
    const older = openGatewayDatabase(file);
    await createSqlitePinStore(older, () => 0).claim(aPin(), 100);
    older.exec(`
      ALTER TABLE pin DROP COLUMN targeting;
      ALTER TABLE pin DROP COLUMN moved;
      ALTER TABLE pin DROP COLUMN turn_ended_at;
      ALTER TABLE pin DROP COLUMN shadow;
      DROP TABLE turn_mark;
      DROP TABLE store_identity;
      PRAGMA user_version = 3`);
    older.close();
    const store = createSqlitePinStore(openGatewayDatabase(file), () => 50);
    expect(await store.find(aPin().agent, aPin().session)).toEqual(aPin());
    await store.close();
  });

  test("leaves a record to the process that wrote it for half a minute, then anybody sends it", () => {
    const database = openGatewayDatabase(join(directory, "pins.sqlite"));
    let now = 0;
    const mine = createSqliteTurnOutbox(database, { gateway, now: () => now });
    const other = createSqliteTurnOutbox(database, { gateway: parseGatewayId("gw-2"), now: () => now });
    mine.append([aTurnRecord()]);
    expect(mine.oldest(10)).toHaveLength(1);
    now = 29_999;
    expect(other.oldest(10)).toHaveLength(0);
    now = 30_000;
    expect(other.oldest(10)).toHaveLength(1);
    database.close();
  });

  test("runs each migration once", () => {
    const file = join(directory, "state.sqlite");
    const first = "CREATE TABLE a (x INTEGER) STRICT; INSERT INTO a VALUES (1)";
    openDatabase({ file, synchronous: "full", migrations: [first] }).close();
    const second = "INSERT INTO a SELECT x + 1 FROM a";
    const migrations = [first, second];
    openDatabase({ file, synchronous: "full", migrations }).close();
    const database = openDatabase({ file, synchronous: "full", migrations });
    expect(database.prepare("SELECT count(*) AS rows FROM a").get()?.["rows"]).toBe(2);
    database.close();
    expect(() => openDatabase({ file, synchronous: "full", migrations: [first] })).toThrow(
      expect.objectContaining({ code: "database_too_new" }),
    );
  });

  test("a file that is no database is told apart by name, with what to do", () => {
    const file = join(directory, "pins.sqlite");
    writeFileSync(file, "not a database, but long enough to look like one".repeat(100));
    expect(() => openGatewayDatabase(file)).toThrow(SqliteError);
    expect(() => openGatewayDatabase(file)).toThrow(file);
  });
});
