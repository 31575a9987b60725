export { planAnswer, type Answer } from "./answer/plan-answer.ts";
export type { Conversation, Message, ToolCall } from "./answer/conversation.ts";
export { tendenciesOf, type Tendencies } from "./answer/tendencies.ts";
export { MODEL_NAME } from "./server/format-completion.ts";
export { createModelServer, type ModelServerOptions } from "./server/model-server.ts";
