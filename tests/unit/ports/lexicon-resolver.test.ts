import { expect, it } from 'vitest'
import { createLexResolver, type LexiconPorts } from '#src/ports/lexicon-resolver.ts'

const nsid = 'com.example.authBasic'
const did = 'did:plc:z72i7hdynmk6r22z27h6tvur'
const cid = 'bafyreidfayvfuwqa7qlnopdjiqrxzs6blmoeu4rujcjtnci5beludirz2a'

/** A permission set with six values besides these permissions. */
const permissionSet = (permissions: unknown[]) => ({
  ...{ $type: 'com.atproto.lexicon.schema', lexicon: 1, id: nsid },
  defs: { main: { type: 'permission-set', title: 'Basic', permissions } },
})

const resolver = (json: unknown, more: Partial<LexiconPorts> = {}) =>
  createLexResolver({
    fetch: async () => new Response(null, { status: 404 }),
    plcUrl: 'https://plc.example.com',
    authorityDid: did,
    serviceDid: 'did:web:pds.example.com',
    findLocal: async () => ({ cid, json }),
    limit: (work) => work(),
    ...more,
  })

it('a permission set of an account of this server is found', async () => {
  const { get } = await resolver(permissionSet([])).then((one) => ({ get: one.get.bind(one) }))
  expect((await get(nsid)).lexicon.defs['main']).toMatchObject({ title: 'Basic', permissions: [] })
})

it('a permission set with more than 1,000 values is not found', async () => {
  const permission = { type: 'permission', resource: 'repo', collection: [nsid] }
  const lexicons = await resolver(permissionSet(Array.from({ length: 200 }, () => permission)))
  await expect(lexicons.get(nsid)).rejects.toMatchObject({
    ...{ name: 'LexResolverError', nsid: expect.anything() },
    cause: new RangeError('more than 1000 values'),
  })
})

it('a lookup of a permission set that is refused does not begin', async () => {
  const found: string[] = []
  const lexicons = await resolver(undefined, {
    findLocal: async (_, { rkey }) => void found.push(rkey) as undefined,
    limit: async (_, fail) => {
      throw fail(new Error('busy'))
    },
  })
  await expect(lexicons.get(nsid)).rejects.toMatchObject({ name: 'LexResolverError' })
  expect(found).toEqual([])
})

it('the lexicons of the server itself are found without the network', async () => {
  const lexicons = await resolver(undefined, {
    findLocal: () => Promise.reject(new Error('no account has it')),
    fetch: () => Promise.reject(new Error('no network')),
  })
  const { uri, lexicon } = await lexicons.get('dev.headwater.realtime.authFull')
  expect(uri.toString()).toMatch(
    /^at:\/\/did:web:pds\.example\.com\/com\.atproto\.lexicon\.schema\//,
  )
  expect(lexicon.defs['main']).toMatchObject({ type: 'permission-set' })
})
