/**
 * Lets a spawned MTA notice the end of its parent, so that no process of a lab outlives the lab. After a `kill -9` the parent
 * cannot send anything, but the kernel closes the IPC channel, and the child sees that.
 */

/**
 * Calls `onExit` once when the parent closes the IPC channel, or has closed it already. A process calls this as early as it
 * can. Without an IPC channel it does nothing.
 * @returns a function that closes the channel for an end in order. After it `onExit` never runs.
 */
export function onParentExit(onExit: () => void): () => void {
  if (process.send === undefined) return () => {};
  let over = false;
  const gone = (): void => {
    if (over) return;
    over = true;
    onExit();
  };
  process.once('disconnect', gone);
  // The parent may have died while this process loaded its modules, before it could listen.
  if (!process.connected) setImmediate(gone);
  return () => {
    over = true;
    process.off('disconnect', gone);
    // An open channel would keep this process alive.
    if (process.connected) process.disconnect();
  };
}
