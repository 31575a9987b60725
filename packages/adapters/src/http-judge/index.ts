export { createHttpJudge, type HttpJudgeOptions } from "./http-judge.ts";
