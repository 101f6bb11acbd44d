import { readFileSync, writeFileSync } from 'node:fs';
import type { ContainerSpec, Volume, VolumeWork } from '../backend.ts';
import type { SimulatedContent, SimulatedDocument } from './model.ts';

const idOf = (volume: Volume): string => `${volume.storage}:${volume.name}`;

/** zstd's first bytes, so that an archive looks like one; the config follows, and after a zero byte the contents. */
const MAGIC = Buffer.from([0x28, 0xb5, 0x2f, 0xfd]);

/** Config key of a mount → volid, for those that are volumes. */
function volumesOf(spec: ContainerSpec): readonly (readonly [string, string])[] {
  return [spec.rootfs, ...spec.mounts].flatMap(({ key, source }) =>
    source.kind === 'volume' ? [[key, idOf(source.volume)] as const] : [],
  );
}

function readArchive(archive: string): {
  readonly config: string;
  readonly contents: Record<string, SimulatedContent>;
} {
  const [config = '', contents = '{}'] = readFileSync(archive).subarray(MAGIC.length).toString('utf8').split('\0');
  return { config, contents: JSON.parse(contents) as Record<string, SimulatedContent> };
}

/** Volumes hold what was put into them through the control endpoint, and what scripts were run. */
export function simulatedVolumeWork(model: SimulatedDocument): VolumeWork {
  const contentOf = (id: string): SimulatedContent => model.value.volumes[id]?.content ?? {};
  const snapshotOf = (volume: Volume, name: string): SimulatedContent =>
    model.value.snapshots?.[`${idOf(volume)}@${name}`] ?? {};
  const setContent = (id: string, content: SimulatedContent): void => {
    model.update((value) => {
      const found = value.volumes[id];
      if (found !== undefined) value.volumes[id] = { ...found, content };
    });
  };
  return {
    still: (_vmid, work) => work(),
    snapshot: async (volume, name) => {
      model.update((value) => {
        value.snapshots = { ...value.snapshots, [`${idOf(volume)}@${name}`]: contentOf(idOf(volume)) };
      });
    },
    dropSnapshot: async (volume, name) => {
      model.update((value) => {
        delete value.snapshots?.[`${idOf(volume)}@${name}`];
      });
    },
    rollback: async (volume, name) => setContent(idOf(volume), snapshotOf(volume, name)),
    copy: async (source, target, { snapshot }) => {
      const used = model.value.volumes[idOf(source)]?.used ?? 0;
      const content = snapshot === undefined ? contentOf(idOf(source)) : snapshotOf(source, snapshot);
      model.update((value) => {
        value.volumes[idOf(target)] = { size: target.size, used, content };
      });
    },
    makeDistinct: async () => {},
    rename: async (volume, target) => {
      model.update((value) => {
        const found = value.volumes[idOf(volume)];
        delete value.volumes[idOf(volume)];
        if (found !== undefined) value.volumes[idOf(target)] = found;
      });
    },
    backup: async (spec, { config, destination }, log) => {
      const contents = Object.fromEntries(volumesOf(spec).map(([key, id]) => [key, contentOf(id)]));
      writeFileSync(destination, Buffer.concat([MAGIC, Buffer.from(`${config}\0${JSON.stringify(contents)}`, 'utf8')]));
      log('Total bytes written: 293693440 (281MiB, 167MiB/s)');
    },
    backupConfig: async (archive) => readArchive(archive).config,
    restore: async (spec, archive, log) => {
      log(`extracting archive '${archive}'`);
      const { contents } = readArchive(archive);
      for (const [key, id] of volumesOf(spec)) setContent(id, contents[key] ?? {});
      log('Total bytes read: 293693440 (281MiB, 442MiB/s)');
    },
  };
}
