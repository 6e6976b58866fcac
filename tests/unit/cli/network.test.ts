import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { expect, it } from 'vitest'
import { checkPort } from '#src/cli/network.ts'

it('a port that another program has is a problem with advice, and a free one is not', async () => {
  const server = createServer()
  await once(server.listen(0), 'listening')
  const { port } = server.address() as AddressInfo
  const taken = await checkPort(port, 'stop it')
  await new Promise((resolve) => server.close(resolve))
  expect(taken).toMatchObject({ check: `port ${port}`, ok: false, advice: 'stop it' })
  expect(await checkPort(port, 'stop it')).toEqual({
    check: `port ${port}`,
    ok: true,
    detail: 'free',
  })
})
