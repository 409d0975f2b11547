/**
 * The tether between a spawned MTA and its parent. A child cannot be told of its parent's `kill -9`, but the kernel closes
 * the IPC channel, and that it can see. So no process of a lab outlives the lab.
 */

/**
 * To be called by a process that may have been spawned with an IPC channel, as early as it can: `onParentGone` runs once when
 * the channel is closed by the other side, also when that happened before this call. Without a channel nothing happens.
 * @returns a function that ends the tether and closes the channel, for an end in order; `onParentGone` never runs after it.
 */
export function onParentExit(onParentGone: () => void): () => void {
  if (process.send === undefined) return () => {};
  let over = false;
  const gone = (): void => {
    if (over) return;
    over = true;
    onParentGone();
  };
  process.once('disconnect', gone);
  // The parent may have died while our modules were loading: then the event is over already.
  if (!process.connected) setImmediate(gone);
  return () => {
    over = true;
    process.off('disconnect', gone);
    // An open channel would keep the process alive.
    if (process.connected) process.disconnect();
  };
}
