import { expect, it } from 'vitest'
import { XrpcError } from '#src/errors.ts'
import type { ArchivePorts } from '#src/gateway/archives/archive-ports.ts'
import { mustBeConfigured } from '#src/gateway/archives/archive-ports.ts'
import type { Archives } from '#src/gateway/archives/open-archives.ts'
import { asAdmin, did, type Gateway, openGateway, post } from '#tests/support/gateway.ts'

function gatewayWith(archives: Partial<Archives>) {
  const { server } = openGateway()
  return openGateway({}, { server: { ...server, archives: archives as Archives } })
}

const call = (gateway: Gateway, name: string, headers: Record<string, string> = asAdmin()) =>
  post(gateway, `dev.headwater.admin.${name}`, { did }, headers)

const lines = async (response: Response) =>
  (await response.text())
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))

it.each(['createArchive', 'verifyArchive', 'drillArchive', 'restoreArchive'])(
  '%s needs the admin, and a place for archives',
  async (name) => {
    const none = { openStorage: undefined } as unknown as ArchivePorts
    const gateway = gatewayWith({ mustBeConfigured: () => mustBeConfigured(none) })
    expect((await call(gateway, name, {})).status).toBe(401)
    const response = await call(gateway, name)
    expect(response.status).toBe(400)
    expect(await response.json()).toMatchObject({ error: 'ArchivesNotConfigured' })
  },
)

it('a result and an error are the last line', async () => {
  const restored = { did, archive: 'one', rev: '3k' } as never
  const well = gatewayWith({ mustBeConfigured: () => {}, restore: async () => restored })
  expect(await lines(await call(well, 'restoreArchive'))).toEqual([{ result: restored }])
  const full = gatewayWith({
    mustBeConfigured: () => {},
    restore: async () => {
      throw new XrpcError(507, 'InsufficientStorage', 'full')
    },
  })
  expect(await lines(await call(full, 'restoreArchive'))).toEqual([
    { status: 507, error: 'InsufficientStorage', message: 'full' },
  ])
})

it('what the server does not expect is not told', async () => {
  const gateway = gatewayWith({
    mustBeConfigured: () => {},
    drill: async () => {
      throw new Error('ECONNREFUSED 10.0.0.1')
    },
  })
  const [line] = await lines(await call(gateway, 'drillArchive'))
  expect(line).toMatchObject({ status: 500, error: 'InternalServerError' })
  expect(JSON.stringify(line)).not.toContain('10.0.0.1')
})
