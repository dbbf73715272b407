/** The other end of `rival`: says that it is ready, does a pass when it is asked to, and ends with whoever started it. */
export async function serve(begin: () => Promise<(() => Promise<void>) | undefined>): Promise<void> {
  process.on('disconnect', () => process.exit(0));
  const pass = await begin();
  process.on('message', () => {
    (pass?.() ?? Promise.resolve()).then(
      () => process.send?.('done'),
      (error: unknown) => process.send?.(String(error)),
    );
  });
  process.send?.('ready');
}
