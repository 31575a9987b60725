/** One Ctrl-C can arrive twice: from the terminal, and passed on by whoever started us (npm does). */
const SAME_WISH_MS = 1_000;

/** Resolves at the first Ctrl-C, SIGTERM or SIGHUP; a later one ends the process at once. */
export function stopSignal(): Promise<void> {
  return new Promise((resolve) => {
    let askedAt: number | null = null;
    const ask = (): void => {
      if (askedAt !== null && Date.now() - askedAt > SAME_WISH_MS) process.exit(130);
      askedAt ??= Date.now();
      resolve();
    };
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, ask);
  });
}
