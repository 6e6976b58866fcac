import { expect, it } from 'vitest'
import { drillVariables } from '#src/cli/drill-server.ts'
import { ourNames, referenceNames } from '#src/config/names.ts'

it('the server of a drill knows no place that the real server writes to', () => {
  const all = Object.fromEntries([...ourNames, ...referenceNames].map((name) => [name, 'x']))
  const places = /LOCATION|S3_|CRAWLERS|SMTP/
  expect(Object.keys(drillVariables(all)).filter((name) => places.test(name))).toEqual([])
  expect(drillVariables(all)).toHaveProperty('PDS_HOSTNAME')
})
