/** The version of this build; `dev` when run from source. */
export const version = process.env['EVENTROUTE_VERSION'] ?? 'dev';
