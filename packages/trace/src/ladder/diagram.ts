/** Draws the ladder as a sequence diagram for Mermaid or PlantUML. */
import type { TurnSide } from '@mtalab/mta-core';
import { annotated } from './annotate.js';
import { isNote, type LadderLine, nodesOf } from './line.js';

type Participant = { readonly id: string; readonly name: string };

function participantsOf(lines: readonly LadderLine[]): ReadonlyMap<string, Participant> {
  return new Map([...nodesOf(lines)].sort().map((name, at) => [name, { id: `P${at + 1}`, name }]));
}

/** Finds the beliefs about the Turn that each line changes. */
class Changes {
  readonly #last = new Map<string, TurnSide>();

  of(line: LadderLine): readonly (readonly [string, TurnSide])[] {
    const changed: (readonly [string, TurnSide])[] = [];
    for (const [node, side] of Object.entries(line.believes)) {
      const key = `${line.association ?? ''}\n${node}`;
      if (this.#last.get(key) === side) continue;
      this.#last.set(key, side);
      changed.push([node, side]);
    }
    return changed;
  }
}

function labelOf(line: LadderLine): string {
  const fault = line.fault === null ? '' : ` [${line.fault}]`;
  const fate = line.fate === 'passed' || isNote(line) ? '' : ` (${line.fate})`;
  return `${line.text}${fate}${fault}`;
}

/** In Mermaid a semicolon ends a statement, and a number sign begins a character code. */
function mermaidText(text: string): string {
  return text.replace(/[#;]/g, (char) => `#${char.charCodeAt(0)};`);
}

/** A `sequenceDiagram` of Mermaid: a lost PDU has a cross, and a note marks each changed belief about the Turn. */
export function ladderMermaid(lines: readonly LadderLine[]): string {
  const participants = participantsOf(lines);
  const all = [...participants.values()];
  const id = (name: string): string => participants.get(name)?.id ?? 'P1';
  const over = all.length < 2 ? (all[0]?.id ?? 'P1') : `${all[0]?.id},${all.at(-1)?.id}`;
  const changes = new Changes();
  const rows = ['sequenceDiagram', ...all.map((each) => `  participant ${each.id} as ${mermaidText(each.name)}`)];
  for (const line of annotated(lines)) {
    const text = mermaidText(labelOf(line));
    if (isNote(line)) rows.push(`  Note over ${line.from === '' ? over : id(line.from)}: ${text}`);
    else rows.push(`  ${id(line.from)}${line.fate === 'passed' ? '->>' : '-x'}${id(line.to)}: ${text}`);
    for (const [node, side] of changes.of(line)) rows.push(`  Note over ${id(node)}: the Turn is ${side}`);
  }
  return rows.join('\n');
}

/** PlantUML would read a backslash as an escape. */
function plantText(text: string): string {
  return text.replaceAll('\\', '~\\');
}

/** A sequence diagram of PlantUML. */
export function ladderPlantUml(lines: readonly LadderLine[]): string {
  const participants = participantsOf(lines);
  const all = [...participants.values()];
  const id = (name: string): string => participants.get(name)?.id ?? 'P1';
  const changes = new Changes();
  const rows = ['@startuml', ...all.map((each) => `participant "${each.name.replaceAll('"', "'")}" as ${each.id}`)];
  for (const line of annotated(lines)) {
    const text = plantText(labelOf(line));
    if (isNote(line)) rows.push(line.from === '' ? `note across: ${text}` : `note over ${id(line.from)}: ${text}`);
    else rows.push(`${id(line.from)} ->${line.fate === 'passed' ? '' : 'x'} ${id(line.to)} : ${text}`);
    for (const [node, side] of changes.of(line)) rows.push(`note over ${id(node)}: the Turn is ${side}`);
  }
  rows.push('@enduml');
  return rows.join('\n');
}
