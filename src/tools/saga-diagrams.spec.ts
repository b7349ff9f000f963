import { describe, expect, it } from '@jest/globals';
import { withSection } from './saga-diagrams.js';

describe('npm run saga-diagrams', () => {
  const section = { file: 'README.md', saga: 'baking.bread', text: 'picture\n' };
  const drawn = '<!-- saga baking.bread: npm run saga-diagrams -->\n\npicture\n\n<!-- end of saga baking.bread -->';

  it('replaces what is between the markers of the saga, and nothing else', () => {
    const readme = `# Baking\n\n${drawn.replace('picture', 'an older\n\npicture')}\n\n## Runbook\n`;
    expect(withSection(readme, section)).toBe(`# Baking\n\n${drawn}\n\n## Runbook\n`);
  });

  it('adds the section to a text without markers', () => {
    expect(withSection('# Baking\n', section)).toBe(`# Baking\n\n${drawn}\n`);
  });
});
