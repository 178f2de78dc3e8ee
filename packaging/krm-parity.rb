# Written by scripts/release from packaging/krm-parity.rb.
class KrmParity < Formula
  desc "Gate that keeps kustomize overlays in parity with their base"
  homepage "@REPOSITORY@"
  version "@VERSION@"
  license "Apache-2.0"

  on_macos do
    on_arm do
      url "@REPOSITORY@/releases/download/v@VERSION@/krm-parity-@VERSION@-aarch64-apple-darwin.tar.gz"
      sha256 "@SHA256_aarch64-apple-darwin@"
    end
    on_intel do
      url "@REPOSITORY@/releases/download/v@VERSION@/krm-parity-@VERSION@-x86_64-apple-darwin.tar.gz"
      sha256 "@SHA256_x86_64-apple-darwin@"
    end
  end

  on_linux do
    on_arm do
      url "@REPOSITORY@/releases/download/v@VERSION@/krm-parity-@VERSION@-aarch64-unknown-linux-gnu.tar.gz"
      sha256 "@SHA256_aarch64-unknown-linux-gnu@"
    end
    on_intel do
      url "@REPOSITORY@/releases/download/v@VERSION@/krm-parity-@VERSION@-x86_64-unknown-linux-gnu.tar.gz"
      sha256 "@SHA256_x86_64-unknown-linux-gnu@"
    end
  end

  def install
    bin.install "krm-parity"
    man1.install Dir["man/*.1"]
    bash_completion.install "completions/krm-parity.bash" => "krm-parity"
    zsh_completion.install "completions/_krm-parity"
    fish_completion.install "completions/krm-parity.fish"
  end

  test do
    assert_equal "krm-parity #{version}", shell_output("#{bin}/krm-parity --version").strip
  end
end
