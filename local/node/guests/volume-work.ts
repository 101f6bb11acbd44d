import type { VolumeWork } from '../backend/backend.ts';
import type { Core } from '../core.ts';
import { ApiError } from '../http/answer.ts';

/** What the back end can do with volumes; one that cannot makes the calls say so. */
export function volumeWork(core: Core): VolumeWork {
  const work = core.backend.volumeWork;
  if (work === undefined) throw new ApiError(500, `the ${core.backend.kind} back end cannot copy or snapshot volumes`);
  return work;
}
