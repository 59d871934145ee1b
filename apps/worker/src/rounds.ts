/** Does something again and again, one round after the other; stop waits for the one under way. */
export function startRounds(
  everyMs: number,
  round: () => Promise<void>,
  onError: (error: unknown) => void,
): { stop(): Promise<void> } {
  let under: Promise<void> | null = null;
  const timer = setInterval(() => {
    under ??= round()
      .catch(onError)
      .finally(() => {
        under = null;
      });
  }, everyMs);
  return {
    async stop() {
      clearInterval(timer);
      await under;
    },
  };
}
