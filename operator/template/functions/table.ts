import { type FunctionTable } from '../function-type.ts';
import { builtins } from './builtins.ts';
import { conversions } from './conversion.ts';
import { dates } from './dates.ts';
import { defaults } from './defaults.ts';
import { dicts } from './dicts.ts';
import { encodings } from './encodings.ts';
import { json } from './json.ts';
import { lists } from './lists.ts';
import { numbers } from './numbers.ts';
import { paths } from './paths.ts';
import { randoms } from './randoms.ts';
import { reflections } from './reflections.ts';
import { refused } from './refused.ts';
import { regexes } from './regexes.ts';
import { texts } from './texts.ts';
import { urls } from './urls.ts';
import { versions } from './versions.ts';

/** Every function that a template may call. Sprig's come last: its `slice` replaces Go's. */
export const functions: FunctionTable = {
  ...builtins,
  ...conversions,
  ...dates,
  ...defaults,
  ...dicts,
  ...encodings,
  ...json,
  ...lists,
  ...numbers,
  ...paths,
  ...randoms,
  ...reflections,
  ...refused,
  ...regexes,
  ...texts,
  ...urls,
  ...versions,
};
