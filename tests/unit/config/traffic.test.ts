import { expect, it } from 'vitest'
import { EnvironmentReader } from '#src/config/read.ts'
import { readTraffic } from '#src/config/traffic.ts'

const traffic = (env: Record<string, string>, isProduction: boolean) =>
  readTraffic(new EnvironmentReader(env), isProduction)

it('sign-ups are bounded on a public server, and as the variables say on any', () => {
  expect(traffic({}, true).signUps).toEqual({ perBlock: 50, perServer: 200 })
  expect(traffic({}, false).signUps).toEqual({ perBlock: 0, perServer: 0 })
  const bounds = { PDS_MAX_SIGN_UPS_PER_BLOCK: '5', PDS_MAX_SIGN_UPS_PER_HOUR: '0' }
  for (const isProduction of [true, false]) {
    expect(traffic(bounds, isProduction).signUps).toEqual({ perBlock: 5, perServer: 0 })
  }
})

it('relays are asked every five minutes, as often as the variable says, or never', () => {
  expect(traffic({}, true).relays).toEqual({ intervalMs: 300_000 })
  const interval = (value: string) => traffic({ PDS_RELAY_CHECK_INTERVAL_MS: value }, true).relays
  expect(interval('0')).toEqual({ intervalMs: 0 })
  const read = new EnvironmentReader({ PDS_RELAY_CHECK_INTERVAL_MS: 'often' })
  readTraffic(read, true)
  expect(read.errors).toHaveLength(1)
})
