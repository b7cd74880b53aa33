import { isImagePath } from '../../models/domain/input-kind';
import { nameCamera } from '../../pipeline/inputs';

describe('nameCamera', () => {
  it.each([
    ['/videos/Plaza West.mp4', 'plaza-west'],
    ['rtsp://user:p@ss/word@10.0.0.5:554/stream?x=1', '10-0-0-5-554'],
    ['rtsps://cam.example/live', 'cam-example'],
    ['https://user:p@ss@cam.example:8080/video?x=1', 'cam-example-8080'],
    ['pictures/Front Door/', 'front-door'],
    ['test:moving-box?seconds=5', 'test-moving-box'],
    ['v4l2:/dev/video0', 'video0'],
    ['/etc/streams/yard.sdp', 'yard'],
    ['./__.mp4', 'camera'],
    ['Überwachung.mkv', 'berwachung'],
    [`${'x'.repeat(200)}.mp4`, 'x'.repeat(56)],
  ])('calls %s %s', (input, name) => {
    expect(nameCamera(input)).toBe(name);
  });

  it('numbers inputs of the same name', () => {
    expect(nameCamera('b/a.mp4', new Set(['a']))).toBe('a-2');
    expect(nameCamera('c/a.mp4', new Set(['a', 'a-2']))).toBe('a-3');
  });

  it('never takes a credential into a name', () => {
    expect(nameCamera('rtsp://admin:s3cret@cam/stream')).not.toMatch(/admin|s3cret/);
  });
});

describe('isImagePath', () => {
  it('tells pictures from videos by their ending', () => {
    expect(['a.JPG', 'a.png', 'b.jpg.mp4', 'noending'].map(isImagePath)).toEqual([true, true, false, false]);
  });
});
