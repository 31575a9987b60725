export { createHttpHookSender } from "./http-hook-sender.ts";
