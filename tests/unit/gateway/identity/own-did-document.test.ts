import { expect, it } from 'vitest'
import { withOwnDocument } from '#src/gateway/identity/own-did-document.ts'

const own = { hostname: 'pds.example', publicUrl: 'https://pds.example' }

function resolving(did: string) {
  const asked: string[] = []
  const source = withOwnDocument(
    { resolve: async (name: string) => void asked.push(name) as undefined },
    { ...own, did },
  )
  return { asked, source }
}

it('the did:web of this server is resolved without the network, and no other DID', async () => {
  const { asked, source } = resolving('did:web:pds.example')
  expect(await source.resolve('did:web:pds.example')).toMatchObject({
    id: 'did:web:pds.example',
    service: [{ serviceEndpoint: 'https://pds.example' }],
  })
  await source.resolve('did:web:other.example')
  expect(asked).toEqual(['did:web:other.example'])
})

it('a configured DID of another host is resolved there', async () => {
  const { asked, source } = resolving('did:web:other.example')
  expect(await source.resolve('did:web:other.example')).toBeUndefined()
  expect(asked).toEqual(['did:web:other.example'])
})
