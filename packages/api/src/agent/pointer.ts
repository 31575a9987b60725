import { z } from "zod";
import { releaseNameSchema } from "./agent.ts";

/** `GET /v1/agents/:agent/pointers` and `…/pointers/:pointer`. `movedAt` is epoch milliseconds. */
export const pointerViewSchema = z.object({
  agent: z.string(),
  pointer: z.string(),
  release: releaseNameSchema,
  /** Null for `current`, which nobody moves by hand: the agent's rollouts say when. */
  movedAt: z.number().nullable(),
  actor: z.string().nullable(),
});
export type PointerView = z.infer<typeof pointerViewSchema>;

const decidedSchema = {
  /** The digest at which the pointer stands as the caller knows it; null: there is no such pointer yet. */
  expected: z.string().nullable(),
  actor: z.string().min(1).max(200).default("api"),
  reason: z.string().max(1000).default(""),
};

/** `PUT /v1/agents/:agent/pointers/:pointer`: moves it if it still stands where the caller thinks, else 409. */
export const movePointerSchema = z.strictObject({
  /** `support@2.3.1` or `support@sha256:…`; it is verified first. */
  release: z.string(),
  ...decidedSchema,
});
export type MovePointer = z.input<typeof movePointerSchema>;

/** `DELETE /v1/agents/:agent/pointers/:pointer` */
export const removePointerSchema = z.strictObject(decidedSchema);
export type RemovePointer = z.input<typeof removePointerSchema>;
