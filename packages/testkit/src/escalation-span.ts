/** A tool call that hands the customer over, as OTLP/JSON has it. `at`: epoch ms. */
export function escalationSpan(traceId: string, at: number): object {
  const text = (key: string, stringValue: string): object => ({ key, value: { stringValue } });
  return {
    traceId,
    spanId: "b7ad6b7169203331",
    name: "execute_tool escalate",
    kind: 1,
    startTimeUnixNano: `${at}000000`,
    endTimeUnixNano: `${at + 1}000000`,
    attributes: [text("gen_ai.operation.name", "execute_tool"), text("gen_ai.tool.name", "escalate")],
    status: {},
  };
}
