import { formatClusterTree } from '../../operator/cli/cluster-tree.ts';
import { readInventory } from '../../operator/cli/inventory.ts';
import { startApiServer } from './api-server.ts';
import { createReadingClient, listOf, listPath, shopOnly, wholeCluster } from './cluster-objects.ts';
import { eventroute } from './command.ts';

type Answers = Readonly<Record<string, unknown>>;

const style = {
  rootNamespace: 'eventroute-system',
  now: new Date('2026-01-31T12:01:00Z'),
  paint: (text: string) => text,
};

async function tree(answers: Answers, { isWhole = true } = {}) {
  const namespaces = ['shop', 'eventroute-system'];
  const inventory = await readInventory(createReadingClient(answers), { isWhole, namespaces });
  return { out: formatClusterTree(inventory, style), gaps: inventory.gaps };
}

describe('the tree of a cluster', () => {
  it('draws the routes of a cluster as one tree, with counts and the health of each receiver', async () => {
    const { out, gaps } = await tree(wholeCluster);

    expect(gaps).toEqual([]);
    expect(out).toBe(`Root namespace eventroute-system: its routes see the Events of the whole cluster
└─ ✗ everything: matched 20871, dropped 12, delivered 20834, failed 41, pending 37
   ├─ is not ready (ReceiverNotFound): there is no EventReceiver gone
   ├─ drop type=Normal reason=Pulled|Created
   ├─ match every Event → eventroute-system/archive ready file, delivered 20834, failed 0, pending 0, last delivered 60s ago
   ├─ pages: matched 44, dropped 3
   │  └─ match type=Warning count>=3 → shop/oncall not ready (ConnectionRefused) slack, delivered 0, failed 41, pending 37, never delivered
   └─ routes[1]
      ├─ match kind!=Pod labels.tier=critical labels.canary (condition)
      └─ match every Event → eventroute-system/gone there is no such EventReceiver

Namespace shop: its routes see its own Events
└─ ✓ orders (Shadow): matched 5, dropped 0, delivered 0, failed 0, pending 0
   └─ match every Event → eventroute-system/archive ready file, delivered 20834, failed 0, pending 0, last delivered 60s ago

No route names these receivers
└─ shop/spare ready stdout, delivered 0, failed 0, pending 0, never delivered`);
  });

  it('tells who may read one namespace how foreign receivers are as their own routes say it', async () => {
    const { out, gaps } = await tree(shopOnly);

    expect(out).toBe(`Namespace shop: its routes see its own Events
└─ ✓ orders (Shadow): matched 5, dropped 0, delivered 0, failed 0, pending 0
   └─ match every Event → eventroute-system/archive ready pending 2

No route that you may see names these receivers
├─ shop/oncall not ready (ConnectionRefused) slack, delivered 0, failed 41, pending 37, never delivered
└─ shop/spare ready stdout, delivered 0, failed 0, pending 0, never delivered`);
    expect(gaps).toEqual([
      'You may not list EventRoutes in all namespaces: shown are those of namespace shop',
      'You may not list EventReceivers in all namespaces: shown are those of namespace shop',
    ]);
  });

  it('draws for a namespace what sees its Events: its own routes and those of the root', async () => {
    const { out } = await tree(wholeCluster, { isWhole: false });

    expect(out).toContain('Root namespace eventroute-system');
    expect(out).toContain('Namespace shop');
  });

  it('says that the root namespace may not be read when only that of -n may', async () => {
    const { out, gaps } = await tree(shopOnly, { isWhole: false });

    expect(out).toMatch(/^Namespace shop/);
    expect(gaps).toEqual([
      'You may not list EventRoutes in namespace eventroute-system',
      'You may not list EventReceivers in namespace eventroute-system',
    ]);
  });

  it('draws what it can of specs that nobody has checked, and lets no text rewrite the terminal', async () => {
    const route = {
      metadata: { namespace: 'shop', name: 'odd', generation: 2 },
      spec: {
        match: [
          { message: '\u001b[2Jboo', receiver: 'a/b/c', throttle: { by: ['\u001b[2J', 1], first: 3 } },
          'no rule',
          { when: '!event.count' },
        ],
        routes: [null, { name: 7, drop: {}, match: [{ message: 'x'.repeat(200), receiver: 'unseen' }] }],
      },
      status: undefined,
    };

    const { out } = await tree({
      [listPath('eventroutes')]: listOf([route]),
      [listPath('eventreceivers')]: listOf([]),
    });

    expect(out).not.toContain('\u001b');
    expect(out.split('\n')).toEqual([
      'Namespace shop: its routes see its own Events',
      '└─ ✗ odd: matched 0, dropped 0, delivered 0, failed 0, pending 0',
      '   ├─ is not known to be ready (Pending): The operator has not looked at this object yet',
      String.raw`   ├─ match message=\u001b[2Jboo (throttled by \u001b[2J after 3 per ?) → "a/b/c"`,
      '   ├─ match when=!event.count (condition)',
      '   └─ routes[0]',
      `      └─ match message=${'x'.repeat(59)}… → shop/unseen there is no such EventReceiver`,
    ]);
  });

  it('says so when there is nothing', async () => {
    const { out } = await tree({
      [listPath('eventroutes')]: listOf([]),
      [listPath('eventreceivers')]: listOf([]),
    });

    expect(out).toBe('There are no EventRoutes and no EventReceivers that you may see');
  });
});

describe('eventroute tree', () => {
  it('draws the cluster of the kubeconfig, and says what may not be seen', async () => {
    await using server = await startApiServer(shopOnly);

    const { code, out, err } = await eventroute(['tree', '--kubeconfig', server.kubeconfig]);

    expect(code).toBe(0);
    expect(out).toMatch(/^Namespace shop: its routes see its own Events\n└─ ✓ orders/);
    expect(err).toMatch(/^You may not list EventRoutes in all namespaces/);
  }, 60_000);
});
