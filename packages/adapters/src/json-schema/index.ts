export { createArgumentSchemas } from "./argument-schemas.ts";
