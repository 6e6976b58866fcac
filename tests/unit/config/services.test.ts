/** The configured services: complete addresses, and a service that takes reports. */
import { expect, test } from 'vitest'
import { EnvironmentReader } from '#src/config/read.ts'
import { readServices } from '#src/config/services.ts'

const moderation = { url: 'https://mod.example.com', did: 'did:web:mod.example.com' }
const report = { url: 'https://reports.example.com', did: 'did:plc:ar7c4by46qjdydhdevvrndac' }
const named = {
  PDS_MOD_SERVICE_URL: `${moderation.url}/`,
  PDS_MOD_SERVICE_DID: moderation.did,
}

test('no service is configured by default', () => {
  const none = { appView: undefined, moderation: undefined, report: undefined, localReports: false }
  expect(readServices(new EnvironmentReader({}))).toEqual(none)
})

test('the moderation service takes reports, unless a report service is configured', () => {
  expect(readServices(new EnvironmentReader(named))).toMatchObject({
    moderation,
    report: moderation,
  })
  const both = {
    ...named,
    PDS_REPORT_SERVICE_URL: report.url,
    PDS_REPORT_SERVICE_DID: report.did,
  }
  expect(readServices(new EnvironmentReader(both))).toMatchObject({ moderation, report })
})

test('reports stay on the server if that is set', () => {
  const read = new EnvironmentReader({ PDS_LOCAL_REPORTS_ENABLED: 'true' })
  expect(readServices(read).localReports).toBe(true)
})

test('a service URL without a DID is rejected', () => {
  const read = new EnvironmentReader({ PDS_MOD_SERVICE_URL: moderation.url })
  readServices(read)
  expect(read.errors).toEqual(['PDS_MOD_SERVICE_DID is required: PDS_MOD_SERVICE_URL is set'])
})
