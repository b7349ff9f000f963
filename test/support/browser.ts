import type { Browser } from 'playwright-core';
import { chromium } from 'playwright-core';
import { findProgram } from './programs.js';
import { afterwards } from './stage.js';

/** A real browser, closed when the file is over; a spec that opens one needs `chromium`. */
export async function openBrowser(): Promise<Browser> {
  const executablePath = findProgram('chromium')!;
  const browser = await chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-dev-shm-usage'] });
  afterwards(() => browser.close());
  return browser;
}
