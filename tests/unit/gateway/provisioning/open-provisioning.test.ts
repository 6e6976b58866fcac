import { expect, it } from 'vitest'
import {
  openProvisioning,
  type ProvisioningPorts,
} from '#src/gateway/provisioning/open-provisioning.ts'

it('a tenant has two files at once, and a process eight', () => {
  const provisioning = openProvisioning({} as ProvisioningPorts)
  const tooMany = expect.objectContaining({ status: 429, error: 'RateLimitExceeded' })
  const ends = ['a', 'a', 'b', 'b', 'c', 'c', 'd'].map((name) => provisioning.beginFile(name))
  expect(() => provisioning.beginFile('a')).toThrow(tooMany)
  ends[0]!()
  // A second call changes nothing.
  ends[0]!()
  provisioning.beginFile('a')
  expect(() => provisioning.beginFile('a')).toThrow(tooMany)
  provisioning.beginFile('e')
  expect(() => provisioning.beginFile('f')).toThrow(tooMany)
})
