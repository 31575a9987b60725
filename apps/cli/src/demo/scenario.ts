/** `regression`: the more empathetic prompt that hands customers over too often. `healthy`: a harmless wording. */
export type Scenario = "regression" | "healthy";

export type ScenarioPlan = {
  readonly baseline: string;
  readonly canary: string;
  /** What is released, in one sentence. */
  readonly story: string;
  /** Give up after this long: something is wrong with the machine or with Perch. */
  readonly deadlineMs: number;
};

export function planOf(scenario: Scenario): ScenarioPlan {
  switch (scenario) {
    case "regression":
      return {
        baseline: "2.3.0",
        canary: "2.3.1",
        story: "support@2.3.1 has a more empathetic system prompt. Nothing else differs from 2.3.0.",
        deadlineMs: 480_000,
      };
    case "healthy":
      return {
        baseline: "2.3.0",
        canary: "2.3.2",
        story: "support@2.3.2 changes the wording of the system prompt. Nothing else differs from 2.3.0.",
        deadlineMs: 600_000,
      };
  }
}
