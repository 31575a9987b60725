/**
 * Resolves at the first SIGTERM or Ctrl-C, or when the parent that runs this process as its worker is gone. A second one ends
 * the process at once.
 */
export function stopSignal(): Promise<void> {
  return new Promise((resolve) => {
    let isAsked = false;
    const ask = (): void => {
      if (isAsked) process.exit(130);
      isAsked = true;
      resolve();
    };
    process.on("SIGTERM", ask).on("SIGINT", ask).once("disconnect", ask);
    // Only the worker's clients keep it running, not the line to its parent.
    process.channel?.unref();
  });
}
