/** Records of site.standard, whose lexicons are not in @atproto/api. */
import { createAccount } from '../accounts.ts'
import type { Scenario } from '../scenario.ts'

const at = '2026-01-01T00:00:00.000Z'
const uri = 'at://did:plc:aaaaaaaaaaaaaaaaaaaaaaaa/site.standard.publication/3lbfyc5c2ck2a'
const color = { $type: 'site.standard.theme.color#rgb', r: 1, g: 2, b: 255 }
const theme = { background: color, foreground: color, accent: color, accentForeground: color }
const strange = { $type: 'com.example.color' }
const document = { site: 'https://example.com', title: 'a title', publishedAt: at }
const publication = { url: 'https://example.com', name: 'a name' }

const attempts: Record<string, object[]> = {
  'site.standard.document': [
    document,
    { ...document, content: { $type: 'com.example.any' }, links: { $type: 'com.example.any' } },
    { ...document, contributors: [{ did: 'did:web:example.com', role: 'r' }], tags: ['t'] },
    { ...document, contributors: [{ did: 'nobody' }] },
    { ...document, content: {} },
    { ...document, labels: { $type: 'com.atproto.label.defs#selfLabels', values: [{}] } },
    { ...document, bskyPostRef: { uri: 'at://x' } },
    { ...document, tags: ['x'.repeat(129)] },
    { ...document, title: 'x'.repeat(501) },
    { ...document, publishedAt: 'today' },
    { ...document, site: 'no uri' },
    {},
  ],
  'site.standard.publication': [
    publication,
    { ...publication, basicTheme: theme, preferences: {} },
    { ...publication, preferences: { showInDiscover: 'yes' } },
    { ...publication, basicTheme: { ...theme, accent: 1 } },
    {},
  ],
  'site.standard.graph.recommend': [{ document: uri, createdAt: at }, { document: uri }],
  'site.standard.graph.subscription': [{ publication: uri }, { publication: 'x' }],
  'site.standard.theme.basic': [
    theme,
    { ...theme, accent: strange },
    { ...theme, accent: { ...color, b: 256 } },
    { ...theme, accent: { ...color, b: undefined } },
    {},
  ],
  'site.standard.theme.color': [color],
}

export const longForm: Scenario = {
  name: 'long form',
  environment: 'alone',
  async run(client) {
    const { did, access: as } = await createAccount(client, 'long-writer')
    for (const [collection, records] of Object.entries(attempts)) {
      for (const [n, record] of records.entries()) {
        const body = { repo: did, collection, record: { ...record, $type: collection } }
        const method = 'com.atproto.repo.createRecord'
        await client.call(`${collection} ${n}`, method, { as, body })
        await client.call(`${collection} ${n}, to be known`, method, {
          as,
          body: { ...body, validate: true },
        })
      }
    }
    const body = { repo: did, collection: 'site.standard.document', rkey: 'self', record: document }
    await client.call('a wrong key', 'com.atproto.repo.createRecord', { as, body })
  },
}
