import { type GoStructType } from '../schema/go-type.ts';
import { type GoTime, zeroSeconds } from './go-time.ts';
import { GoStruct } from './value.ts';

/** Go's time.Time inside (src/time/time.go). */
const time: GoStructType = {
  kind: 'struct',
  name: 'time.Time',
  fields: [
    { name: 'wall', json: 'wall', type: { kind: 'uint64' } },
    { name: 'ext', json: 'ext', type: { kind: 'int64' } },
    {
      name: 'loc',
      json: 'loc',
      type: { kind: 'pointer', to: { kind: 'struct', name: 'time.Location', fields: [] } },
    },
  ],
};
const wrapped = (name: string): GoStructType => ({
  kind: 'struct',
  name,
  fields: [{ name: 'Time', json: 'Time', type: time }],
});
const wrappers = { 'v1.Time': wrapped('v1.Time'), 'v1.MicroTime': wrapped('v1.MicroTime') };

/** The struct that a time is in Go. The address of its zone says nothing and changes from run to run: it is left out. */
export function structOfTime({ name, seconds, nanos }: GoTime): GoStruct {
  const data = { wall: BigInt(nanos), ext: BigInt(seconds) - BigInt(zeroSeconds) };
  return name === 'time.Time'
    ? new GoStruct(time, data, true)
    : new GoStruct(wrappers[name], { Time: data }, true);
}
