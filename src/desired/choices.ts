import type { Definition, Written } from '../model/definition.ts';
import type { TemplateChoice, VmidChoice } from '../model/desired.ts';
import type { Problem } from '../model/errors.ts';
import { problemAt } from './problems.ts';

/** Proxmox VE keeps the numbers below for itself. */
const LOWEST = 100;
const HIGHEST = 999_999_999;

export function vmidOf(definition: Definition, base: number, problems: Problem[]): VmidChoice {
  const { id, vmid } = definition;
  if (vmid !== undefined) return { kind: 'fixed', vmid: vmid.value };
  if (id === undefined) return { kind: 'lowest' };
  if (id.value >= LOWEST) return { kind: 'fixed', vmid: id.value };
  const sum = base + id.value;
  if (sum > HIGHEST)
    problems.push(problemAt(id, `with vmid_base ${base} is above ${HIGHEST}`, 'lower the setting vmid_base'));
  return { kind: 'fixed', vmid: sum, id: id.value, base };
}

/** `debian`, `debian-12` and `ubuntu-24.04` choose the newest that the server knows; a volid is meant literally. */
export function templateOf(written: Written<string> | undefined, problems: Problem[]): TemplateChoice {
  if (written === undefined) return { kind: 'newest', os: 'debian' };
  if (written.value.includes(':')) return { kind: 'volid', volid: written.value };
  const [os = '', release] = written.value.split('-');
  if (os === 'alpine') {
    const fix = 'name one that has: STORAGE:vztmpl/FILE';
    problems.push(problemAt(written, 'names a template without an SSH server, as Alpine’s own are', fix));
  } else if (os !== 'debian' && os !== 'ubuntu') {
    const fix = 'write debian, debian-12, ubuntu-24.04, or a volume such as local:vztmpl/NAME.tar.zst';
    problems.push(problemAt(written, 'names no template', fix));
  }
  return release === undefined ? { kind: 'newest', os } : { kind: 'newest', os, release };
}

/** A template that is named literally stands on its own storage. */
export function templateStorageOf(choice: TemplateChoice, fallback: string): string {
  return choice.kind === 'volid' ? (choice.volid.split(':')[0] ?? fallback) : fallback;
}
