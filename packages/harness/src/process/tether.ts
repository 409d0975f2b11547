/**
 * The tether between a spawned MTA and its parent. A child cannot be told of its parent's `kill -9`, but the kernel closes
 * the IPC channel, and that it can see. So no process of a lab outlives the lab.
 */

/**
 * To be called by a process that may have been spawned with an IPC channel, early: `onParentGone` runs once when the channel
 * is closed, also when that happened before this call. Without a channel nothing happens and `false` comes back.
 */
export function tetherToParent(onParentGone: () => void): boolean {
  if (process.send === undefined) return false;
  let told = false;
  const tell = (): void => {
    if (told) return;
    told = true;
    onParentGone();
  };
  process.once('disconnect', tell);
  // The parent may have died while our modules were loading: then the event is over already.
  if (!process.connected) setImmediate(tell);
  return true;
}
