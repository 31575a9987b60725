export { createLog, reasonOf, type Log, type LogFields } from "./log.ts";
