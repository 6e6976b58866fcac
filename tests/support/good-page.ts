/** Whether a page is accessible, in light and dark, and fits on a phone. */
import axe from 'axe-core'
import type { Page } from 'playwright-core'
import { expect } from 'vitest'

const phone = { width: 390, height: 844 }
const desktop = { width: 1280, height: 800 }

/** The page must bypass its CSP. Throws unless it passes axe in both colour schemes and sizes. */
export async function mustBeGood(page: Page, name: string): Promise<void> {
  await page.evaluate(axe.source)
  const complaints: unknown[] = []
  for (const size of [phone, desktop]) {
    await page.setViewportSize(size)
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme })
      const found = await page.evaluate(`axe.run().then(({ violations }) =>
        violations.map(({ id, nodes }) => [id, ...nodes.map(({ html }) => html)]))`)
      complaints.push(...(found as unknown[][]).map((one) => [name, colorScheme, ...one]))
    }
  }
  expect(complaints).toEqual([])
  await mustFit(page, name)
}

export async function mustFit(page: Page, name: string): Promise<void> {
  await page.setViewportSize(phone)
  const width = await page.evaluate('document.documentElement.scrollWidth')
  expect([name, width]).toEqual([name, phone.width])
  await page.setViewportSize(desktop)
}
