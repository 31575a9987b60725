export { parseProto } from "./parse-proto.ts";
