import { type Feature, hasFeature } from '../guests/features.ts';
import { ApiError, type Json } from '../http/answer.ts';
import type { Call, Routes } from './call.ts';

function feature(call: Call): Json {
  const { core, vmid } = call;
  const { config } = core.guests.read('lxc', vmid);
  const name = call.text('snapname');
  const values = name === undefined ? config.values : config.snapshots[name]?.values;
  if (values === undefined) throw new ApiError(500, `snapshot '${name}' does not exist`);
  return { hasFeature: hasFeature(core, values, call.required('feature') as Feature, name) ? 1 : 0 };
}

export const lxcFeatureRoutes: Routes = { 'GET /nodes/{node}/lxc/{vmid}/feature': feature };
