import * as z from 'zod';
import type { OfferedTemplate, TemplateFile } from '../../model/observed.ts';
import type { Call } from '../../model/ports.ts';
import { compareTemplates, parseTemplateName, parseTemplateVolid } from '../../model/template-name.ts';
import { readData } from './answer.ts';
import { api, type Session } from './api.ts';
import { nodeName, storageName } from './names.ts';
import { operate } from './operation.ts';

const CONTENT = z.array(z.object({ volid: z.string() }));
const INDEX = z.array(z.object({ template: z.string() }));

/** Templates on a storage, newest first within a system. An archive with a name of someone's own has no system. */
export async function readTemplates(
  session: Session,
  node: string,
  storage: string,
  call: Call,
): Promise<readonly TemplateFile[]> {
  return await operate(`list the templates of ${storage} on ${node}`, call, async (signal) => {
    const content = api(session, signal).nodes.$(nodeName(node)).storage.$(storageName(storage)).content;
    const entries = readData(CONTENT, await content.$get({ content: 'vztmpl' }));
    return entries
      .map(({ volid }) => parseTemplateVolid(volid) ?? { volid, os: '', release: '', version: '' })
      .sort(newestFirst);
  });
}

/** What the node's own verified index offers; empty before its first update. */
export async function readOfferedTemplates(
  session: Session,
  node: string,
  call: Call,
): Promise<readonly OfferedTemplate[]> {
  return await operate(`read the template index of ${node}`, call, async (signal) => {
    const entries = readData(INDEX, await api(session, signal).nodes.$(nodeName(node)).aplinfo.$get());
    return entries.flatMap(({ template }) => parseTemplateName(template) ?? []).sort(newestFirst);
  });
}

function newestFirst(a: OfferedTemplate | TemplateFile, b: OfferedTemplate | TemplateFile): number {
  if (a.os !== b.os) return a.os < b.os ? -1 : 1;
  return compareTemplates(b, a);
}
