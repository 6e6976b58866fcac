import { once } from 'node:events'
import { createServer } from 'node:net'
import { expect, it } from 'vitest'
import { mustBeFree } from '#src/start/check-port.ts'

const variables = { portVariable: 'PDS_PORT', hostVariable: 'PDS_HOST' }

it('a port that is taken is refused with its variable, and accepted when it is free', async () => {
  const other = createServer()
  await once(other.listen(0, '127.0.0.1'), 'listening')
  const { port } = other.address() as { port: number }
  const check = () => mustBeFree({ host: '127.0.0.1', port, ...variables })
  await expect(check()).rejects.toThrow(`Port ${port} of 127.0.0.1 is taken by another program`)
  await expect(check()).rejects.toThrow('PDS_PORT')
  other.close()
  await once(other, 'close')
  await check()
  await check()
})

it('an address that the machine does not have is refused with its variable', async () => {
  const check = mustBeFree({ host: '192.0.2.1', port: 0, ...variables })
  await expect(check).rejects.toThrow('This machine does not have the address 192.0.2.1 (PDS_HOST)')
})
