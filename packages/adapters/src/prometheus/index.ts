export { createDistribution, observe, type Distribution } from "./distribution.ts";
export {
  registerCounter,
  registerGauge,
  registerHistogram,
  single,
  type Named,
  type Sample,
  type Spread,
} from "./register.ts";
