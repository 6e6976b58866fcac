import { afterAll, beforeAll, it } from 'vitest'
import { describeInBrowser, openPage } from '#tests/support/browser.ts'
import { type BrowserFixture, startBrowserFixture } from '#tests/support/browser-fixture.ts'
import { mustBeGood } from '#tests/support/good-page.ts'
import { type S3Server, startS3Server } from '#tests/support/s3-server.ts'
import { createTestAccount } from '#tests/support/server.ts'

describeInBrowser('shots', () => {
  let fixture: BrowserFixture
  let s3: S3Server
  beforeAll(async () => {
    s3 = await startS3Server()
    fixture = await startBrowserFixture()
  })
  afterAll(async () => {
    await fixture?.close()
    await s3?.stop()
  })
  it('takes them', async () => {
    const alice = await createTestAccount(fixture.server, 'alice')
    const page = await openPage(fixture.browser, { bypassCSP: true })
    await page.goto(`${fixture.server.url}/account/archives`)
    await page.getByLabel('Handle or email').fill(alice.handle)
    await page.getByLabel('Password').fill(alice.password)
    await page.getByRole('button', { name: 'Sign in', exact: true }).click()
    await page.getByText('Set up a bucket').waitFor()
    const shot = async (name: string) => {
      await page.setViewportSize({ width: 1280, height: 800 })
      await page.screenshot({ path: `/tmp/t13/ar/${name}-wide.png`, fullPage: true })
      await page.setViewportSize({ width: 390, height: 844 })
      await page.screenshot({ path: `/tmp/t13/ar/${name}-phone.png`, fullPage: true })
    }
    await shot('empty')
    await mustBeGood(page, 'empty')
    await page.getByLabel('Address of the service').fill(s3.endpoint)
    await page.getByLabel('Bucket', { exact: true }).fill(s3.bucket)
    await page.getByLabel('Folder').fill('backups/alice')
    await page.getByLabel('Access key ID').fill('wrong')
    await page.getByLabel('Secret access key').fill('wrong')
    await page.getByRole('button', { name: 'Save and try out' }).click()
    await page.getByText('cannot be used').waitFor()
    await shot('wrong')
    await page.getByLabel('Access key ID').fill(s3.credentials.accessKeyId)
    await page.getByLabel('Secret access key').fill(s3.credentials.secretAccessKey)
    await page.getByRole('button', { name: 'Save and try out' }).click()
    await page.getByText('The bucket works').waitFor()
    await shot('set')
    await page.getByRole('button', { name: 'Archive now' }).click()
    await page.getByText('The archive is being made').waitFor()
    await shot('begun')
    await page.waitForTimeout(4000)
    await page.goto(`${fixture.server.url}/account/archives`)
    await shot('done')
    await mustBeGood(page, 'done')
  })
})
