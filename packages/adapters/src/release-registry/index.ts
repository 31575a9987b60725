export { fullLocation, openRegistry } from "./open-registry.ts";
