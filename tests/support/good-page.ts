/** What every page of ours must be in a real browser: accessible in both colour schemes, and no wider than a phone. */
import axe from 'axe-core'
import type { Page } from 'playwright-core'
import { expect } from 'vitest'

const phone = { width: 390, height: 844 }
const desktop = { width: 1280, height: 800 }

/** The page's context must bypass its content security policy, which lets no script but its own run. */
export async function mustBeGood(page: Page, name: string): Promise<void> {
  await page.evaluate(axe.source)
  const complaints: unknown[] = []
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme })
    const found = await page.evaluate(`axe.run().then(({ violations }) =>
      violations.map(({ id, nodes }) => [id, ...nodes.map(({ html }) => html)]))`)
    complaints.push(...(found as unknown[][]).map((one) => [name, colorScheme, ...one]))
  }
  expect(complaints).toEqual([])
  await page.setViewportSize(phone)
  const width = await page.evaluate('document.documentElement.scrollWidth')
  expect([name, width]).toEqual([name, phone.width])
  await page.setViewportSize(desktop)
}
