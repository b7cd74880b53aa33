import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

/** The Python that has what `models/efficientvit/training/requirements.txt` lists; SIGHTLINE_PYTHON names another than `python3`. */
const python = process.env['SIGHTLINE_PYTHON'] ?? 'python3';
const root = join(__dirname, '../../..');

const needed = "('torch', 'onnx', 'onnxruntime', 'cv2', 'pycocotools', 'yaml', 'pytest')";
// Looks for the packages without loading them: PyTorch alone takes seconds.
const probe = `import importlib.util as u, sys; sys.exit(any(u.find_spec(name) is None for name in ${needed}))`;
const isInstalled = spawnSync(python, ['-c', probe], { timeout: 30_000 }).status === 0;

describe('the training code', () => {
  (isInstalled ? it : it.skip)(
    'passes its own tests, which run in Python with PyTorch',
    () => {
      const tests = spawnSync(python, ['-m', 'pytest', '-q', '-x', '-p', 'no:cacheprovider', __dirname], {
        cwd: root,
        encoding: 'utf8',
        timeout: 580_000,
        env: { ...process.env, PYTHONDONTWRITEBYTECODE: '1', OMP_NUM_THREADS: '1' },
      });
      // Pytest's own words are the best report of what failed.
      expect(`${tests.stdout}${tests.stderr}`).toMatch(/\d+ passed/);
      expect(tests.stdout).not.toMatch(/\d+ (failed|errors?)\b/);
      expect(tests.status).toBe(0);
    },
    600_000,
  );
});
