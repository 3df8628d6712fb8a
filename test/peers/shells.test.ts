import { eventroute, openFish, openZsh, type Shell } from './shells.ts';

const typed = {
  'eventroute com': 'eventroute completion',
  'eventroute status --wa': 'eventroute status --watch',
  'eventroute completion z': 'eventroute completion zsh',
  'eventroute explain --output=j': 'eventroute explain --output=json',
  'eventroute validate -f package.j': 'eventroute validate -f package.json',
  // only the user knows the namespace
  'eventroute status -n pack': 'eventroute status -n pack',
};

const shells: Readonly<Record<string, () => Promise<Shell>>> = { zsh: openZsh, fish: openFish };

test.each(Object.entries(shells))(
  'completion works in %s, from the folder where it is installed',
  async (name, open) => {
    await using shell = await open();
    await shell.install(await eventroute(['completion', name]));

    const completed = await shell.complete(Object.keys(typed));

    expect(completed).toEqual(Object.values(typed));
  },
);
