import type { GateSpec } from "../gate/gate-spec.ts";
import { absoluteModel } from "./absolute-model.ts";
import { countModel } from "./count-model.ts";
import type { ForecastInput } from "./forecast.ts";
import type { GateModel } from "./gate-model.ts";
import { meanModel } from "./mean-model.ts";
import { quantileModel } from "./quantile-model.ts";
import { structureModel } from "./structure-model.ts";

/** What each gate needs. A gate of means or quantiles without values of the baseline is left out: nothing says how they spread. */
export function modelGates(gates: readonly GateSpec[], input: ForecastInput): readonly GateModel[] {
  return gates.flatMap((gate) => modelOf(gate, input) ?? []);
}

function modelOf(gate: GateSpec, { rates, values, features, landmarks }: ForecastInput): GateModel | null {
  const known = values[gate.name] ?? null;
  switch (gate.kind) {
    case "proportion":
    case "score":
      return countModel(gate, rates[gate.name], landmarks[gate.name]);
    case "mean":
    case "rate":
      return known && meanModel(gate, known);
    case "quantile":
      return known && quantileModel(gate, known);
    case "distribution":
      return structureModel(gate, features[gate.name]);
    case "absolute":
      return absoluteModel(gate, rates[gate.name]);
  }
}
