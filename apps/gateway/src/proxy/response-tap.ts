import type { RequestHead } from "@perch/domain";

/**
 * Looks at an answer on its way to the client: at its head, then at each piece of its body. Where it gives a promise, that
 * piece and all that follow wait for it; so what it writes down is kept before the client can know of it.
 */
export type ResponseTap = {
  head(status: number, header: RequestHead["header"]): void | Promise<void>;
  chunk(bytes: Buffer): void | Promise<void>;
};
