export { createHttpProbe } from "./http-probe.ts";
