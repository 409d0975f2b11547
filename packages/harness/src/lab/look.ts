/** One look at a lab, which shows whether it is at rest. */
import type { Members } from './members.js';
import type { Look, ProxyJoint } from './quiescence.js';

export async function lookAt(members: Members): Promise<Look> {
  const answers = await members.statuses();
  const statuses = answers.flatMap((answer) => (answer.ok ? [answer.value] : []));
  const silent = answers.flatMap((answer) => (answer.ok || answer.error.code === 'down' ? [] : [answer.mta]));
  const { proxy } = members;
  const joints = new Map<number, { legs: ProxyJoint['legs'][number][]; kept: number }>();
  for (const row of proxy?.sockets() ?? []) {
    const joint = joints.get(row.conn) ?? { legs: [], kept: 0 };
    joint.legs.push(row);
    joint.kept += row.held + row.swallowed;
    joints.set(row.conn, joint);
  }
  const delaying = proxy?.faults().some((fault) => fault.state === 'reached' && fault.text.startsWith('delay')) ?? false;
  return { statuses, silent, joints: [...joints.values()], delaying };
}
